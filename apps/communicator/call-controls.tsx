import type { Call } from '../../src/client/index.ts';
import { ControlButton } from '../ui/button.tsx';
import { peerKey } from './address.ts';
import { attempt } from './calls.ts';
import { conversations } from './conversations.ts';
import { session } from './session.ts';

export type Panel = 'chat' | 'keypad' | 'transfer';

const SCREEN_SHARE = typeof navigator !== 'undefined' && 'getDisplayMedia' in (navigator.mediaDevices ?? {});

const actions = {
  mute: (call: Call) => call.muteAudio(!call.muted.audio),
  camera: (call: Call) => void attempt(call.sendsVideo && !call.sharing ? call.dropVideo() : call.addVideo()),
  share: (call: Call) => void attempt(call.sharing ? call.stopSharing() : call.shareScreen()),
  hold: (call: Call) => void attempt(call.held ? call.resume() : call.hold()),
};

/** The keys of the call's view, while the focus is in it. True: it was one. */
export function shortcutAction(event: KeyboardEvent, call: Call, toggle: (panel: Panel) => void): boolean {
  const key = event.key.toLowerCase();
  if (key === 'e' && event.shiftKey) call.hangUp();
  else if (event.shiftKey || call.state !== 'active') return false;
  else if (key === 'm') actions.mute(call);
  else if (key === 'v' && !call.held) actions.camera(call);
  else if (key === 's' && !call.held && SCREEN_SHARE) actions.share(call);
  else if (key === 'h') actions.hold(call);
  else if (key === 'k') toggle('keypad');
  else if (key === 't') toggle('transfer');
  else if (key === 'c') toggle('chat');
  else return false;
  return true;
}

export function CallControls({
  call,
  panel,
  toggle,
}: {
  call: Call;
  panel: Panel | undefined;
  toggle: (panel: Panel) => void;
}) {
  const idle = call.state !== 'active';
  const camera = call.sendsVideo && !call.sharing;
  const unread = conversations.value.get(peerKey(call.remote, session.value?.domain ?? ''))?.unread ?? 0;
  return (
    <fieldset class="call-controls">
      <legend class="visually-hidden">Call controls</legend>
      <ControlButton
        label="Mute"
        icon={call.muted.audio ? 'micOff' : 'mic'}
        pressed={call.muted.audio}
        shortcut="M"
        disabled={idle}
        onPress={() => actions.mute(call)}
      />
      <ControlButton
        label={camera ? 'Camera off' : 'Camera on'}
        icon={camera ? 'video' : 'videoOff'}
        shortcut="V"
        disabled={idle || call.held}
        onPress={() => actions.camera(call)}
      />
      {SCREEN_SHARE && (
        <ControlButton
          label="Share screen"
          icon="screen"
          pressed={call.sharing}
          shortcut="S"
          disabled={idle || call.held}
          onPress={() => actions.share(call)}
        />
      )}
      <ControlButton
        label="Hold"
        icon={call.held ? 'play' : 'hold'}
        pressed={call.held}
        shortcut="H"
        disabled={idle}
        onPress={() => actions.hold(call)}
      />
      <ControlButton label="Keypad" icon="keypad" shortcut="K" disabled={idle} onPress={() => toggle('keypad')} />
      <ControlButton label="Transfer" icon="transfer" shortcut="T" disabled={idle} onPress={() => toggle('transfer')} />
      <ControlButton
        label="Messages"
        icon="chat"
        pressed={panel === 'chat'}
        shortcut="C"
        onPress={() => toggle('chat')}
      >
        {unread > 0 && panel !== 'chat' && (
          <span class="badge">
            {unread}
            <span class="visually-hidden"> unread</span>
          </span>
        )}
      </ControlButton>
      <ControlButton label="Hang up" icon="hangUp" kind="bad" shortcut="Shift+E" onPress={() => call.hangUp()} />
    </fieldset>
  );
}
