import { ClientError } from './errors.ts';

/** Microphone, camera and screen: `navigator.mediaDevices` in a browser. */
export type Devices = Pick<MediaDevices, 'getUserMedia' | 'getDisplayMedia'>;

export interface MediaWish {
  audio?: boolean | MediaTrackConstraints;
  video?: boolean | MediaTrackConstraints;
}

/**
 * Opens what was wished for. A missing or refused camera does not prevent the call: it goes on with sound alone. A
 * refused microphone does: the person would not be heard and not know why.
 */
export async function openDevices(devices: Devices | undefined, wish: MediaWish): Promise<MediaStreamTrack[]> {
  const audio = wish.audio ?? true;
  const video = wish.video ?? false;
  if (!audio && !video) return [];
  if (!devices) throw new ClientError('NO_MEDIA', 'no microphone and camera on this platform, or not a secure page');
  try {
    return (await devices.getUserMedia({ audio, video })).getTracks();
  } catch (error) {
    if (audio && video) return openDevices(devices, { audio, video: false });
    throw new ClientError('MEDIA_REFUSED', reason(error), undefined, error);
  }
}

export async function openScreen(devices: Devices | undefined): Promise<MediaStreamTrack> {
  if (!devices?.getDisplayMedia) throw new ClientError('NO_MEDIA', 'no screen share on this platform');
  try {
    const stream = await devices.getDisplayMedia({ video: true });
    const [track] = stream.getVideoTracks();
    if (!track) throw new Error('no picture in the stream');
    if ('contentHint' in track) track.contentHint = 'detail'; // text stays sharp where bandwidth is short
    return track;
  } catch (error) {
    throw new ClientError('MEDIA_REFUSED', 'the screen share was refused', undefined, error);
  }
}

function reason(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  if (name === 'NotFoundError') return 'no microphone found';
  if (name === 'NotReadableError') return 'the microphone is in use elsewhere';
  return 'the microphone was refused';
}
