import './app.css';
import { Button } from '../ui/button.tsx';
import { Logo } from '../ui/logo.tsx';
import { Notices } from '../ui/notices.tsx';
import { SignIn } from '../ui/sign-in.tsx';
import { conclusion, credentials, rows, run, server, signIn, state, who } from './examination.ts';
import { FindingView, Mark } from './finding-view.tsx';
import { ServerView } from './server-view.tsx';

export function App() {
  if (credentials.value === undefined) return <div class="doctor" aria-busy="true" />;
  return (
    <>
      {credentials.value === null ? (
        <SignIn purpose="Sign in, and this page finds out whether calls work from this browser." signIn={signIn} />
      ) : (
        <Examination />
      )}
      <Notices />
    </>
  );
}

function Examination() {
  const running = state.value === 'running';
  const again = state.value === 'done';
  return (
    <div class="doctor">
      <header class="doctor-head">
        <a class="doctor-home" href="/" aria-label="Chappe, back to calls and messages">
          <Logo size={32} />
          <span>Chappe</span>
        </a>
        <span class="doctor-who">{who()}</span>
      </header>
      <main class="doctor-main">
        <section class="doctor-intro">
          <h1>Connection check</h1>
          <p>
            Finds out whether calls work from this browser, and what stands in their way. It takes some seconds; at the
            end your browser may ask for the microphone and the camera. Nothing is recorded; the result is shown to the
            administrator.
          </p>
          <Button
            label={running ? 'Checking…' : again ? 'Check again' : 'Start the check'}
            icon="pulse"
            kind={again ? 'plain' : 'primary'}
            disabled={running}
            onPress={() => void run()}
          />
        </section>
        <Conclusion />
        <section aria-labelledby="doctor-checks">
          <h2 class="doctor-heading" id="doctor-checks">
            This browser
          </h2>
          <ul class="card" aria-busy={running}>
            {rows.value.map(({ check, state: at, finding }) => (
              <FindingView key={check.id} subject={check.subject} place={check.place} state={at} finding={finding} />
            ))}
          </ul>
        </section>
        {server.value && <ServerView report={server.value} />}
      </main>
    </div>
  );
}

function Conclusion() {
  const verdict = conclusion.value;
  if (verdict === undefined) return null;
  return (
    <section class="verdict" data-outcome={verdict.outcome} data-testid="verdict" aria-label="Result">
      <Mark outcome={verdict.outcome} size={24} />
      <div>
        <h2>{verdict.title}</h2>
        <p>{verdict.meaning}</p>
      </div>
    </section>
  );
}
