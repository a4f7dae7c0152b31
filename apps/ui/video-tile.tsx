import { useEffect, useRef } from 'preact/hooks';
import './video-tile.css';

/** Shows the picture of a stream. Its sound is `Sound`'s matter, so that a hidden or small picture never silences a call. */
export function VideoTile(props: {
  stream: MediaStream;
  label: string;
  mirrored?: boolean;
  fit?: 'cover' | 'contain';
  class?: string;
}) {
  const video = useRef<HTMLVideoElement>(null);
  useStream(video, props.stream);
  return (
    <video
      ref={video}
      class={`video-tile video-${props.fit ?? 'cover'} ${props.mirrored ? 'video-mirrored' : ''} ${props.class ?? ''}`}
      aria-label={props.label}
      autoplay
      playsInline
      muted
    />
  );
}

/** Plays the sound of a stream; nothing is seen of it. */
export function Sound(props: { stream: MediaStream }) {
  const audio = useRef<HTMLAudioElement>(null);
  useStream(audio, props.stream);
  // biome-ignore lint/a11y/useMediaCaption: a live call has no captions
  return <audio ref={audio} autoplay />;
}

function useStream(element: { current: HTMLMediaElement | null }, stream: MediaStream): void {
  useEffect(() => {
    const media = element.current;
    if (!media) return;
    media.srcObject = stream;
    // Autoplay of sound is refused until the person has touched the page; by signing in or answering they have.
    void media.play().catch(() => {});
    return () => {
      media.srcObject = null;
    };
  }, [stream]);
}
