import './dial.css';
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { Keypad } from '../ui/keypad.tsx';
import { parseTarget } from './address.ts';
import { placeCall } from './calls.ts';

export function Dial() {
  const text = useSignal('');
  const error = useSignal<string | undefined>(undefined);
  const open = useSignal(false);
  const input = useRef<HTMLInputElement>(null);

  const call = (video: boolean): void => {
    const target = parseTarget(text.value);
    if (!target) {
      error.value = 'Type a name, a number or an address like bob@example.org.';
      input.current?.focus();
      return;
    }
    text.value = '';
    open.value = false;
    void placeCall(target, video);
  };

  return (
    <form
      class="dial"
      aria-label="Dial"
      onSubmit={(event) => {
        event.preventDefault();
        call(false);
      }}
    >
      <Field
        label="Name, number or address"
        placeholder="Name, number or address"
        hideLabel
        verbatim
        value={text.value}
        error={error.value}
        inputRef={input}
        onInput={(value) => {
          text.value = value;
          error.value = undefined;
        }}
      >
        <Button
          label="Dial pad"
          icon="keypad"
          iconOnly
          kind="quiet"
          pressed={open.value}
          onPress={() => {
            open.value = !open.value;
          }}
        />
      </Field>
      {open.value && (
        <Keypad
          onKey={(key) => {
            text.value += key;
          }}
        />
      )}
      {(text.value || open.value) && (
        <div class="dial-actions">
          <Button label="Call" icon="phone" kind="good" type="submit" />
          <Button label="Video call" icon="video" onPress={() => call(true)} />
        </div>
      )}
    </form>
  );
}
