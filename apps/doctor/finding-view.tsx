import { Icon } from '../ui/icon.tsx';
import { type BrowserFinding, duration } from './finding.ts';

const ICONS = { ok: 'check', warning: 'warning', problem: 'close' } as const;
const WORDS = { ok: 'good', warning: 'warning', problem: 'problem' } as const;

/** The outcome by shape, colour and, for screen readers, word. */
export function Mark({ outcome, size = 18 }: { outcome: BrowserFinding['outcome']; size?: number }) {
  return (
    <span class="mark" data-outcome={outcome}>
      <Icon name={ICONS[outcome]} size={size} />
      <span class="visually-hidden">{WORDS[outcome]}</span>
    </span>
  );
}

export interface FindingViewProps {
  subject: string;
  place?: string | undefined;
  state: 'waiting' | 'running' | 'done';
  finding?: BrowserFinding | undefined;
}

export function FindingView({ subject, place, state, finding }: FindingViewProps) {
  return (
    <li class="finding" data-state={state} data-outcome={finding?.outcome} data-subject={subject}>
      {finding ? <Mark outcome={finding.outcome} /> : <span class="mark" data-state={state} />}
      <div class="finding-body">
        <p class="finding-subject">
          {subject}
          {place && <span> {place}</span>}
        </p>
        {finding ? (
          <>
            <h3>{finding.title}</h3>
            <p class="finding-meaning">{finding.meaning}</p>
            {finding.remedy && <p class="finding-remedy">{finding.remedy}</p>}
          </>
        ) : (
          <p class="finding-meaning">{state === 'running' ? 'Trying…' : 'Not tried yet.'}</p>
        )}
      </div>
      {finding?.milliseconds !== undefined && (
        <span class="finding-time numerals">{duration(finding.milliseconds)}</span>
      )}
    </li>
  );
}
