import './call-view.css';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Call } from '../../src/client/index.ts';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Keypad } from '../ui/keypad.tsx';
import { Timer } from '../ui/timer.tsx';
import { VideoTile } from '../ui/video-tile.tsx';
import { peerKey } from './address.ts';
import { CallControls, type Panel, shortcutAction } from './call-controls.tsx';
import { CallQuality } from './call-quality.tsx';
import { attempt, calls, connectBoth, consultation, describe, shownId, swapTo } from './calls.ts';
import { Thread } from './conversation-view.tsx';
import { openConversation } from './conversations.ts';
import { session } from './session.ts';
import { TransferDialog } from './transfer-dialog.tsx';

export function CallView({ call }: { call: Call }) {
  void calls.value; // the call's properties changed: draw again
  const panel = useSignal<Panel | undefined>(undefined);
  const view = useRef<HTMLElement>(null);
  // Keys work here at once. A field that the person types in keeps the focus.
  useEffect(() => {
    const before = document.activeElement;
    if (before?.matches('input, textarea')) return;
    view.current?.focus({ preventScroll: true });
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);

  const toggle = (name: Panel): void => {
    panel.value = panel.value === name ? undefined : name;
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if ((event.target as Element).closest('input, textarea, dialog')) return;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (/^[0-9*#]$/.test(event.key) && call.state === 'active') void attempt(call.sendDtmf(event.key));
    else if (!shortcutAction(event, call, toggle)) return;
    event.preventDefault();
  };

  const status = describe(call);
  const peer = peerKey(call.remote, session.value?.domain ?? '');
  return (
    <section
      ref={view}
      class="call"
      data-testid="call"
      data-state={call.state}
      data-panel={panel.value}
      aria-label={`Call with ${call.remote.name}`}
      tabIndex={-1}
      onKeyDown={onKeyDown}
    >
      <div class="call-stage">
        <header class="call-head">
          <Button
            class="call-back"
            label="Back to contacts, the call goes on"
            icon="back"
            iconOnly
            kind="quiet"
            onPress={() => {
              shownId.value = undefined;
              openConversation(undefined);
            }}
          />
          <div class="call-title">
            <h2>{call.remote.name}</h2>
            <p>
              {status && <span data-testid="call-status">{status}</span>}
              {status && call.startedAt !== undefined && ' · '}
              {call.startedAt !== undefined && <Timer since={call.startedAt} />}
              <CallQuality call={call} />
            </p>
          </div>
        </header>
        <Pictures call={call} />
        <OtherCalls call={call} />
        <CallControls call={call} panel={panel.value} toggle={toggle} />
      </div>
      {panel.value === 'chat' && (
        <aside class="call-chat" aria-label={`Messages with ${call.remote.name}`}>
          <header class="call-chat-head">
            <h3>Messages</h3>
            <Button label="Close messages" icon="close" iconOnly kind="quiet" onPress={() => toggle('chat')} />
          </header>
          <Thread peer={peer} />
        </aside>
      )}
      {panel.value === 'keypad' && <KeypadDialog call={call} onClose={() => toggle('keypad')} />}
      {panel.value === 'transfer' && <TransferDialog call={call} onClose={() => toggle('transfer')} />}
    </section>
  );
}

/** The other side's picture or face, and one's own picture in the corner. */
function Pictures({ call }: { call: Call }) {
  const { remoteStream, localStream } = call;
  const showsRemote = remoteStream && call.receivesVideo && !call.held && !call.remoteHold && call.state !== 'ended';
  return (
    <>
      <div class="call-pictures">
        {showsRemote ? (
          <VideoTile stream={remoteStream} label={`Picture of ${call.remote.name}`} fit="contain" class="call-remote" />
        ) : (
          <div class="call-face" data-waiting={call.state === 'calling' || call.state === 'ringing'}>
            <Avatar name={call.remote.name} size="large" />
          </div>
        )}
      </div>
      {localStream && call.sendsVideo && !call.held && (
        <div class="call-self">
          <VideoTile
            stream={localStream}
            label={call.sharing ? 'Your screen, as others see it' : 'Your own picture'}
            mirrored={!call.sharing}
            fit={call.sharing ? 'contain' : 'cover'}
          />
        </div>
      )}
    </>
  );
}

/** Further calls: to swap to, or to connect with this one. */
function OtherCalls({ call }: { call: Call }) {
  const others = calls.value.filter((other) => other !== call && other.state === 'active');
  if (others.length === 0) return null;
  return (
    <ul class="call-others" aria-label="Other calls">
      {others.map((other) => {
        const asked = consultation.value?.second === call.id && consultation.value.first === other.id;
        return (
          <li key={other.id} class="call-other">
            <Avatar name={other.remote.name} size="small" />
            <span class="call-other-text">
              <b>{other.remote.name}</b> {describe(other)}
            </span>
            <Button label={`Swap to ${other.remote.name}`} icon="swap" iconOnly onPress={() => void swapTo(other)} />
            {call.state === 'active' && (
              <Button
                label={asked ? `Transfer ${other.remote.name} to ${call.remote.name}` : `Connect them`}
                icon="transfer"
                kind={asked ? 'primary' : 'plain'}
                onPress={() => void connectBoth(other, call)}
              />
            )}
          </li>
        );
      })}
    </ul>
  );
}

function KeypadDialog({ call, onClose }: { call: Call; onClose: () => void }) {
  const sent = useSignal('');
  const press = (key: string): void => {
    sent.value = (sent.value + key).slice(-24);
    void attempt(call.sendDtmf(key));
  };
  return (
    <Dialog title="Keypad" onClose={onClose}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the digit keys of the keyboard do what the buttons do */}
      <div
        class="call-keypad"
        onKeyDown={(event) => {
          if (/^[0-9*#]$/.test(event.key)) press(event.key);
        }}
      >
        <output class="call-tones numerals" aria-label="Sent" data-testid="tones">
          {sent.value || ' '}
        </output>
        <Keypad onKey={press} />
      </div>
    </Dialog>
  );
}
