import { signal } from '@preact/signals';
import './notices.css';

interface Notice {
  id: number;
  text: string;
  kind: 'info' | 'bad';
}

const notices = signal<Notice[]>([]);
const announcement = signal('');
let count = 0;

/** Shows a short message for some seconds, and says it to screen readers. */
export function notify(text: string, kind: Notice['kind'] = 'info'): void {
  const notice = { id: ++count, text, kind };
  notices.value = [...notices.value.slice(-2), notice];
  setTimeout(() => {
    notices.value = notices.value.filter(({ id }) => id !== notice.id);
  }, 6000);
}

/** Says something to screen readers that others see anyway: that a call rings, or is on hold. */
export function announce(text: string): void {
  announcement.value = text;
}

export function Notices() {
  return (
    <>
      <p class="visually-hidden" role="status" aria-live="polite" data-testid="announcement">
        {announcement}
      </p>
      <div class="notices" role="log" aria-live="polite" aria-label="Notices">
        {notices.value.map(({ id, text, kind }) => (
          <p key={id} class={`notice notice-${kind}`}>
            {text}
          </p>
        ))}
      </div>
    </>
  );
}
