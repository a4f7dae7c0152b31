// libopus as WebAssembly, from the package @evan/opus: its module alone, without the package's own JavaScript. The package's
// binaries for each platform would be 1.1 to 1.4 times as fast, but what a stranger's packets can break in here stays in one
// linear memory; and loss concealment and FEC, which the package's functions leave out, are there. One instance a thread.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Exports {
  memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  malloc(size: number): number;
  free(pointer: number): void;
  opus_decoder_get_size(channels: number): number;
  opus_decoder_init(state: number, rate: number, channels: number): number;
  opus_decode(state: number, data: number, length: number, pcm: number, size: number, fec: number): number;
  opus_encoder_get_size(channels: number): number;
  opus_encoder_init(state: number, rate: number, channels: number, application: number): number;
  opus_encode(state: number, pcm: number, size: number, data: number, most: number): number;
  opus_encoder_ctl_set(state: number, request: number, value: number): number;
  stackSave(): number;
  stackRestore(pointer: number): void;
}

/** The little of the WebAssembly JavaScript API that is used here: no types of the platform name it. */
declare const WebAssembly: {
  Module: new (octets: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: object };
};

/** Octets of a packet and samples of a frame in the module's memory: what goes in and comes out. */
export const MAX_PACKET = 1500;
/** 120 ms at 48 kHz. */
const MAX_SAMPLES = 5760;

export class OpusLibrary {
  readonly functions: Exports;
  /** Where they are in the module's memory. */
  readonly packetPointer: number;
  readonly samplesPointer: number;
  private readonly stack: number;
  private octetsView = new Uint8Array(0);
  private samplesView = new Int16Array(0);

  constructor() {
    const find = createRequire(import.meta.url).resolve;
    let module: object;
    try {
      module = new WebAssembly.Module(readFileSync(find('@evan/opus/wasm/simd.wasm')));
    } catch {
      // A processor without SIMD.
      module = new WebAssembly.Module(readFileSync(find('@evan/opus/wasm/opus.wasm')));
    }
    const nothing = (): number => 0;
    const imports = {
      wasi_snapshot_preview1: { fd_seek: nothing, fd_write: nothing, fd_close: nothing, proc_exit },
      env: { emscripten_notify_memory_growth: nothing },
    };
    this.functions = new WebAssembly.Instance(module, imports).exports as Exports;
    this.functions._initialize();
    this.stack = this.functions.stackSave();
    this.packetPointer = this.allocate(MAX_PACKET);
    this.samplesPointer = this.allocate(2 * MAX_SAMPLES);
  }

  allocate(size: number): number {
    const pointer = this.functions.malloc(size);
    if (pointer === 0) throw new Error('Out of memory for Opus');
    return pointer;
  }

  /** Copies a packet in; its length, or -1 when it is none or too long. */
  put(packet: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length <= 0 || length > MAX_PACKET) return -1;
    const octets = this.packet;
    for (let i = 0; i < length; i++) octets[i] = packet[start + i]!;
    return length;
  }

  /** Samples, or an error below 0. `length` 0: nothing came, and `size` samples of concealment are wanted. */
  decode(state: number, length: number, size: number, fec: 0 | 1): number {
    const pointer = length === 0 ? 0 : this.packetPointer;
    try {
      return this.functions.opus_decode(state, pointer, length, this.samplesPointer, size, fec);
    } catch {
      return this.trapped();
    }
  }

  /** Octets, or an error below 0. */
  encode(state: number, size: number, most: number): number {
    try {
      return this.functions.opus_encode(state, this.samplesPointer, size, this.packetPointer, most);
    } catch {
      return this.trapped();
    }
  }

  /** A trap has left the module's stack where it was: it would be used up by the next ones. */
  private trapped(): number {
    this.functions.stackRestore(this.stack);
    return -1;
  }

  /** The packet's octets. The view holds until a function is called: memory that grows is another buffer. */
  get packet(): Uint8Array {
    if (this.octetsView.buffer !== this.functions.memory.buffer) this.view();
    return this.octetsView;
  }

  /** The frame's samples; holds as long as `packet`. */
  get samples(): Int16Array {
    if (this.samplesView.buffer !== this.functions.memory.buffer) this.view();
    return this.samplesView;
  }

  private view(): void {
    const { buffer } = this.functions.memory;
    this.octetsView = new Uint8Array(buffer, this.packetPointer, MAX_PACKET);
    this.samplesView = new Int16Array(buffer, this.samplesPointer, MAX_SAMPLES);
  }
}

function proc_exit(): never {
  throw new Error('libopus has given up');
}

let library: OpusLibrary | undefined;

/** This thread's. Loaded at the first call: most threads never transcode. */
export function opusLibrary(): OpusLibrary {
  library ??= new OpusLibrary();
  return library;
}
