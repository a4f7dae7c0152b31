// RFC 6184 sections 8.1 and 8.2.2: packetization-mode and profile must be equal on both sides, the level may differ.
import type { ByteString } from '../byte-string.ts';
import { formatParameters } from './format-parameters.ts';

export interface H264Format {
  packetizationMode: string;
  /** The profile that profile_idc and profile-iop mean; undefined when they mean none. */
  profile: string | undefined;
  level: number;
}

/** RFC 6184 table 5: profile_idc, and what profile-iop has (x: any bit). */
const PROFILES: readonly (readonly [idc: number, iop: string, profile: string])[] = [
  [0x42, 'x1xx0000', 'constrained-baseline'],
  [0x4d, '1xxx0000', 'constrained-baseline'],
  [0x58, '11xx0000', 'constrained-baseline'],
  [0x42, 'x0xx0000', 'baseline'],
  [0x58, '10xx0000', 'baseline'],
  [0x4d, '0x0x0000', 'main'],
  [0x64, '00000000', 'high'],
  [0x64, '00001100', 'constrained-high'],
  [0xf4, '00000000', 'predictive-high-444'],
];

/** Without profile-level-id it is Baseline, level 1 (RFC 6184 section 8.1). */
export function parseH264Format(format: ByteString | undefined): H264Format {
  const parameters = formatParameters(format);
  const packetizationMode = parameters.get('packetization-mode') ?? '0';
  const id = parameters.get('profile-level-id') ?? '42000a';
  if (!/^[0-9a-f]{6}$/i.test(id)) return { packetizationMode, profile: undefined, level: 0 };
  const idc = Number.parseInt(id.slice(0, 2), 16);
  const iop = Number.parseInt(id.slice(2, 4), 16).toString(2).padStart(8, '0');
  const found = PROFILES.find(([code, bits]) => code === idc && [...bits].every((b, i) => b === 'x' || b === iop[i]));
  return {
    packetizationMode,
    profile: found?.[2] ?? id.slice(0, 4).toLowerCase(),
    level: Number.parseInt(id.slice(4), 16),
  };
}
