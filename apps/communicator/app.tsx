import './app.css';
import { useEffect } from 'preact/hooks';
import { Logo } from '../ui/logo.tsx';
import { Notices } from '../ui/notices.tsx';
import { SignIn } from '../ui/sign-in.tsx';
import { Sound } from '../ui/video-tile.tsx';
import { CallView } from './call-view.tsx';
import { calls, incoming, ongoing, shown } from './calls.ts';
import { ConversationView } from './conversation-view.tsx';
import { openPeer, unreadTotal } from './conversations.ts';
import { IncomingCalls } from './incoming-call.tsx';
import './ring-tone.ts';
import { session, signIn } from './session.ts';
import { Sidebar } from './sidebar.tsx';

export function App() {
  useTitle();
  return (
    <>
      {session.value === undefined ? (
        <Waiting />
      ) : session.value === null ? (
        <SignIn purpose="Calls and messages, browser to browser and to any SIP phone." signIn={signIn} />
      ) : (
        <Communicator />
      )}
      <Notices />
    </>
  );
}

function Communicator() {
  const call = shown.value;
  const view = call ? 'call' : openPeer.value ? 'conversation' : 'people';
  return (
    <div class="app" data-view={view}>
      <Sidebar />
      <main class="app-main">
        {call ? (
          <CallView key={call.id} call={call} />
        ) : openPeer.value ? (
          <ConversationView peer={openPeer.value} />
        ) : (
          <Empty />
        )}
      </main>
      <IncomingCalls />
      {calls.value.map((each) => each.remoteStream && <Sound key={each.id} stream={each.remoteStream} />)}
    </div>
  );
}

function Empty() {
  return (
    <div class="empty">
      <Logo size={56} />
      <h2>Ready when you are</h2>
      <p>Pick somebody to write to or call, or dial a name, a number or an address.</p>
    </div>
  );
}

function Waiting() {
  return (
    <div class="waiting" aria-busy="true">
      <Logo size={56} />
      <span class="visually-hidden">Loading</span>
    </div>
  );
}

/** The tab says what is going on where the page is not seen. */
function useTitle(): void {
  const ringing = incoming.value[0];
  const talking = ongoing.value.at(-1);
  const unread = unreadTotal.value;
  const title = ringing
    ? `${ringing.remote.name} is calling`
    : talking
      ? `${talking.remote.name} – call`
      : unread > 0
        ? `(${unread}) Chappe`
        : 'Chappe';
  useEffect(() => {
    document.title = title;
  }, [title]);
}
