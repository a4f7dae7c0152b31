import type { Check } from './finding.ts';

type Device = 'microphone' | 'camera';

const WANTED = { microphone: { audio: true }, camera: { video: true } } satisfies Record<
  Device,
  MediaStreamConstraints
>;
const LOST = { microphone: 'Nobody will hear you.', camera: 'Others will not see you; calls work without it.' };

/** Whether the browser hands out the microphone or the camera. It may ask the person first. */
export function deviceCheck(device: Device): Check {
  const severity = device === 'microphone' ? 'problem' : 'warning';
  return {
    id: device,
    subject: device === 'microphone' ? 'Microphone' : 'Camera',
    async run() {
      // Absent in an insecure context.
      if ((navigator.mediaDevices as MediaDevices | undefined) === undefined)
        return {
          outcome: 'problem',
          title: 'The page is not secure',
          meaning: `Browsers give no ${device} to plain http. ${LOST[device]}`,
          remedy: 'Open the page by https. For the administrator: web.tls, or a TLS proxy.',
        };
      try {
        const stream = await navigator.mediaDevices.getUserMedia(WANTED[device]);
        const label = stream.getTracks()[0]?.label || 'It has no name';
        for (const track of stream.getTracks()) track.stop();
        return { outcome: 'ok', title: `The ${device} works`, meaning: `${label}.` };
      } catch (error) {
        const { name } = error as DOMException;
        if (name === 'NotFoundError')
          return {
            outcome: 'warning',
            title: `There is no ${device}`,
            meaning: `The browser finds none. ${LOST[device]}`,
            remedy: 'Plug one in; a headset is best.',
          };
        if (name === 'NotReadableError')
          return {
            outcome: severity,
            title: `The ${device} is in use`,
            meaning: `Another program has it, or the system keeps it back. ${LOST[device]}`,
            remedy: 'Close other programs that record, and look at the privacy settings of the system.',
          };
        return {
          outcome: severity,
          title: `The ${device} is not allowed`,
          meaning: `This page may not use it. ${LOST[device]}`,
          remedy: 'Allow it with the symbol beside the address of the page, and check again.',
        };
      }
    },
  };
}
