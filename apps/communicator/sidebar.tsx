import './sidebar.css';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Timer } from '../ui/timer.tsx';
import { calls, describe, ongoing, show, shown } from './calls.ts';
import { ContactList } from './contact-list.tsx';
import { Dial } from './dial.tsx';
import { connection, session, signOut } from './session.ts';

const STATES = {
  disconnected: 'Offline',
  connecting: 'Connecting…',
  registering: 'Connecting…',
  registered: 'Available',
} as const;

export function Sidebar() {
  const current = session.value;
  if (!current) return null;
  const state = connection.value;
  return (
    <aside class="sidebar" aria-label="People and dialling">
      <header class="sidebar-head">
        <Avatar name={current.name} online={state === 'registered'} />
        <div class="sidebar-me">
          <h1>{current.name}</h1>
          <p role="status" data-testid="connection" data-state={state}>
            {STATES[state]}
          </p>
        </div>
        <Button label="Sign out" icon="signOut" iconOnly kind="quiet" onPress={() => void signOut()} />
      </header>
      <Dial />
      <CallBanner />
      <ContactList />
    </aside>
  );
}

/** The way back to a call for who looks elsewhere. */
function CallBanner() {
  const waiting = ongoing.value.filter((call) => call !== shown.value);
  if (calls.value.length === 0 || waiting.length === 0) return null;
  return (
    <ul class="banner-list" aria-label="Ongoing calls">
      {waiting.map((call) => (
        <li key={call.id}>
          <button type="button" class="banner" onClick={() => show(call)}>
            <Icon name={call.held ? 'hold' : 'phone'} size={18} />
            <span class="banner-text">
              {call.remote.name} <small>{describe(call) || 'Talking'}</small>
            </span>
            {call.startedAt !== undefined && <Timer since={call.startedAt} />}
          </button>
        </li>
      ))}
    </ul>
  );
}
