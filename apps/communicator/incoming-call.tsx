import './incoming-call.css';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from '../../src/client/index.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { peerKey } from './address.ts';
import { answer, attempt, incoming, ongoing } from './calls.ts';
import { session } from './session.ts';

/** Those who ring now. More than a few at once are no calls: the rest waits unseen. */
export function IncomingCalls() {
  return (
    <div class="incoming-calls">
      {incoming.value.slice(0, 3).map((call) => (
        <IncomingCall key={call.id} call={call} />
      ))}
    </div>
  );
}

/** A call that rings. It does not block the page: who is writing may finish the sentence. */
function IncomingCall({ call }: { call: Call }) {
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
  // The name is what the caller says of himself; the address is what the server vouches for.
  const address = peerKey(call.remote, session.value?.domain ?? '');
  return (
    <div class="incoming" role="alertdialog" aria-label={`Incoming call from ${call.remote.name}`}>
      <div class="incoming-who">
        <span class="incoming-ring">
          <Avatar name={call.remote.name} />
        </span>
        <div class="incoming-text">
          <p class="incoming-name">{call.remote.name}</p>
          <p class="incoming-kind">
            {address === call.remote.name ? '' : `${address} · `}
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
