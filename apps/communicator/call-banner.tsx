import './call-banner.css';
import { Icon } from '../ui/icon.tsx';
import { Timer } from '../ui/timer.tsx';
import { calls, describe, ongoing, show, shown } from './calls.ts';

/** The way back to a call for who looks elsewhere. */
export function CallBanner() {
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
