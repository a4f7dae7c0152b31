import type { BrowserFinding } from './finding.ts';
import { FindingView, Mark } from './finding-view.tsx';
import type { ServerReport } from './server-report.ts';
import { verdict } from './verdict.ts';

/** For administrators: what the server says of its host, and what other browsers found. */
export function ServerView({ report }: { report: ServerReport }) {
  const bad = report.findings.filter(({ outcome }) => outcome !== 'ok');
  const good = report.findings.filter(({ outcome }) => outcome === 'ok');
  return (
    <>
      <section aria-labelledby="doctor-server">
        <h2 class="doctor-heading" id="doctor-server">
          The server
        </h2>
        {bad.length > 0 && <Findings findings={bad} />}
        <details class="card">
          <summary>
            {good.length} {good.length === 1 ? 'thing' : 'things'} in order
          </summary>
          <Findings findings={good} plain />
        </details>
      </section>
      {report.browsers.length > 0 && (
        <section aria-labelledby="doctor-browsers">
          <h2 class="doctor-heading" id="doctor-browsers">
            What browsers found
          </h2>
          {report.browsers.map(({ at, name, agent, findings }) => {
            const { outcome, title } = verdict(findings);
            return (
              <details class="card" key={`${at} ${name}`}>
                <summary>
                  <Mark outcome={outcome} />
                  <span class="browser-name">{name}</span>
                  <span class="browser-title">{title}</span>
                  <time class="numerals" dateTime={at}>
                    {new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}
                  </time>
                </summary>
                <p class="browser-agent">{agent}</p>
                <Findings findings={findings} plain />
              </details>
            );
          })}
        </section>
      )}
    </>
  );
}

/** `dns` is a name; `ports` is a word. */
function nameOf(subject: string): string {
  const isName = ['dns', 'tls', 'turn'].includes(subject);
  return isName ? subject.toUpperCase() : subject.slice(0, 1).toUpperCase() + subject.slice(1);
}

function Findings({ findings, plain = false }: { findings: readonly BrowserFinding[]; plain?: boolean }) {
  return (
    <ul class={plain ? 'findings' : 'card'}>
      {findings.map((finding, index) => (
        <FindingView
          key={`${finding.subject} ${index}`}
          subject={nameOf(finding.subject)}
          state="done"
          finding={finding}
        />
      ))}
    </ul>
  );
}
