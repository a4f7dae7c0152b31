import './avatar.css';

const TONES = 8;

/** A face for a name: its initial on a tone that is always the same for that name. */
export function Avatar(props: { name: string; size?: 'small' | 'medium' | 'large'; online?: boolean | undefined }) {
  const { name, size = 'medium' } = props;
  return (
    <span class={`avatar avatar-${size} avatar-tone-${tone(name)}`} aria-hidden="true">
      {initials(name)}
      {props.online !== undefined && <span class="avatar-presence" data-online={props.online} />}
    </span>
  );
}

function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const letters = words.length > 1 ? [words[0], words[words.length - 1]] : [words[0] ?? name];
  return letters
    .map((word) => [...(word ?? '')].find((character) => /[\p{L}\p{N}]/u.test(character)) ?? '')
    .join('')
    .toUpperCase();
}

function tone(name: string): number {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return sum % TONES;
}
