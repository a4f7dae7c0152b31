import './incoming-call.css';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from '../../src/client/index.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { answer, attempt, ongoing } from './calls.ts';

/** A call that rings. It does not block the page: who is writing may finish the sentence. */
export function IncomingCall({ call }: { call: Call }) {
  const accept = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // Focus goes to "Answer", but never away from a text field, where the next space typed would take the call.
    const before = document.activeElement;
    if (before?.matches('input, textarea')) return;
    accept.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  const busy = ongoing.value.length > 0;
  return (
    <div class="incoming" role="alertdialog" aria-label={`Incoming call from ${call.remote.name}`}>
      <div class="incoming-who">
        <span class="incoming-ring">
          <Avatar name={call.remote.name} />
        </span>
        <div class="incoming-text">
          <p class="incoming-name">{call.remote.name}</p>
          <p class="incoming-kind">
            {call.offersVideo ? 'Video call' : 'Call'}
            {busy ? ' · your call will be put on hold' : ''}
          </p>
        </div>
      </div>
      <div class="incoming-actions">
        <Button label="Decline" icon="hangUp" kind="bad" onPress={() => void attempt(call.reject())} />
        <Button
          label={call.offersVideo ? 'Audio only' : 'Answer'}
          icon="phone"
          kind={call.offersVideo ? 'plain' : 'good'}
          {...(call.offersVideo ? {} : { buttonRef: accept })}
          onPress={() => void answer(call, false)}
        />
        {call.offersVideo && (
          <Button label="Answer" icon="video" kind="good" buttonRef={accept} onPress={() => void answer(call, true)} />
        )}
      </div>
    </div>
  );
}
