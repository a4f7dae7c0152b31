import './sidebar.css';
import { Avatar } from '../ui/avatar.tsx';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { CallBanner } from './call-banner.tsx';
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
        <a
          class="button button-quiet button-icon"
          href="/doctor/"
          target="_blank"
          rel="noreferrer"
          title="Connection check"
        >
          <Icon name="pulse" />
          <span class="visually-hidden">Connection check</span>
        </a>
        <Button label="Sign out" icon="signOut" iconOnly kind="quiet" onPress={() => void signOut()} />
      </header>
      <Dial />
      <CallBanner />
      <ContactList />
    </aside>
  );
}
