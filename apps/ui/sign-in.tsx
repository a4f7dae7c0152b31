import './sign-in.css';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Button } from './button.tsx';
import { Field } from './field.tsx';
import { Logo } from './logo.tsx';

export interface SignInProps {
  /** What one signs in for. */
  purpose: string;
  /** Why it failed, for the person; undefined when it worked. */
  signIn: (name: string, password: string) => Promise<string | undefined>;
}

export function SignIn({ purpose, signIn }: SignInProps) {
  const name = useSignal('');
  const password = useSignal('');
  const error = useSignal<string | undefined>(undefined);
  const busy = useSignal(false);
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    busy.value = true;
    error.value = await signIn(name.value.trim(), password.value);
    busy.value = false;
    if (error.value) second.current?.select();
  };

  return (
    <main class="sign-in">
      <form class="sign-in-card" onSubmit={submit}>
        <div class="sign-in-brand">
          <Logo size={44} />
          <h1>Chappe</h1>
          <p>{purpose}</p>
        </div>
        <Field
          label="Name"
          name="username"
          autocomplete="username"
          value={name.value}
          onInput={(value) => {
            name.value = value;
          }}
          inputRef={first}
          required
          verbatim
        />
        <Field
          label="Password"
          name="password"
          type="password"
          autocomplete="current-password"
          value={password.value}
          onInput={(value) => {
            password.value = value;
            error.value = undefined;
          }}
          inputRef={second}
          error={error.value}
          required
        />
        <Button label={busy.value ? 'Signing in…' : 'Sign in'} kind="primary" type="submit" disabled={busy.value} />
        <p class="sign-in-note" role="alert">
          {error.value && <span class="visually-hidden">{error.value}</span>}
        </p>
      </form>
      <p class="sign-in-hint">
        First time here? The server printed two accounts when it started. <code>chappe account add</code> makes more.
      </p>
    </main>
  );
}
