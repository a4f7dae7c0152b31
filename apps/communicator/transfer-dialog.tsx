import './transfer-dialog.css';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from '../../src/client/index.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { parseTarget } from './address.ts';
import { calls, connectBoth, consult, transfer } from './calls.ts';
import { contacts } from './directory.ts';

/** To whom, and whether that one is asked first. */
export function TransferDialog({ call, onClose }: { call: Call; onClose: () => void }) {
  const to = useSignal('');
  const error = useSignal<string | undefined>(undefined);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const others = calls.value.filter((other) => other !== call && other.state === 'active');

  const go = (action: (call: Call, target: string) => Promise<void>): void => {
    const target = parseTarget(to.value);
    if (!target) {
      error.value = 'Type a name, a number or an address.';
      input.current?.focus();
      return;
    }
    onClose();
    void action(call, target);
  };

  return (
    <Dialog title={`Transfer ${call.remote.name}`} onClose={onClose}>
      <form
        class="transfer"
        onSubmit={(event) => {
          event.preventDefault();
          go(transfer);
        }}
      >
        <Field
          label="To"
          placeholder="Name, number or address"
          verbatim
          value={to.value}
          error={error.value}
          inputRef={input}
          onInput={(value) => {
            to.value = value;
            error.value = undefined;
          }}
        />
        <ul class="transfer-people" aria-label="Available contacts">
          {(contacts.value ?? [])
            .filter(({ registered, name }) => registered && name !== call.remote.user)
            .slice(0, 8)
            .map(({ name }) => (
              <li key={name}>
                <button
                  type="button"
                  class="transfer-person"
                  aria-pressed={to.value === name}
                  onClick={() => {
                    to.value = name;
                    error.value = undefined;
                  }}
                >
                  <Avatar name={name} size="small" />
                  {name}
                </button>
              </li>
            ))}
        </ul>
        <div class="dialog-actions">
          <Button label="Transfer now" icon="transfer" kind="primary" type="submit" />
          <Button label="Ask first" icon="phone" onPress={() => go(consult)} />
        </div>
        <p class="transfer-note">“Ask first” holds this call while you talk to the other person, then connects them.</p>
      </form>
      {others.map((other) => (
        <Button
          key={other.id}
          label={`Connect with ${other.remote.name}`}
          icon="swap"
          onPress={() => {
            onClose();
            void connectBoth(other, call);
          }}
        />
      ))}
    </Dialog>
  );
}
