import './keypad.css';

const KEYS = [
  ['1', ''],
  ['2', 'ABC'],
  ['3', 'DEF'],
  ['4', 'GHI'],
  ['5', 'JKL'],
  ['6', 'MNO'],
  ['7', 'PQRS'],
  ['8', 'TUV'],
  ['9', 'WXYZ'],
  ['*', ''],
  ['0', '+'],
  ['#', ''],
] as const;

const NAMES: Record<string, string> = { '*': 'star', '#': 'hash' };

/** Twelve keys of a telephone. The computer's own digit keys belong to whoever shows it. */
export function Keypad(props: { onKey: (key: string) => void }) {
  return (
    <fieldset class="keypad">
      <legend class="visually-hidden">Keypad</legend>
      {KEYS.map(([key, letters]) => (
        <button
          key={key}
          type="button"
          class="keypad-key"
          aria-label={NAMES[key] ?? key}
          onClick={() => props.onKey(key)}
        >
          <span class="keypad-digit">{key}</span>
          <span class="keypad-letters">{letters}</span>
        </button>
      ))}
    </fieldset>
  );
}
