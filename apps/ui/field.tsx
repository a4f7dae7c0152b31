import type { ComponentChildren, Ref } from 'preact';
import { useId } from 'preact/hooks';
import './field.css';

export interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: 'text' | 'password';
  name?: string;
  autocomplete?: string;
  placeholder?: string;
  required?: boolean;
  /** The label is for screen readers only, where the placeholder and place say enough. */
  hideLabel?: boolean;
  /** Not a sentence: a name or an address. */
  verbatim?: boolean;
  error?: string | undefined;
  hint?: string;
  maxLength?: number;
  inputRef?: Ref<HTMLInputElement>;
  /** Buttons at the end of the field. */
  children?: ComponentChildren;
}

export function Field(props: FieldProps) {
  const id = useId();
  const note = props.error ?? props.hint;
  return (
    <div class="field">
      <label for={id} class={props.hideLabel ? 'visually-hidden' : 'field-label'}>
        {props.label}
      </label>
      <div class="field-box" data-invalid={props.error !== undefined}>
        <input
          ref={props.inputRef ?? null}
          id={id}
          class="field-input"
          type={(props.type ?? 'text') as 'text'}
          name={props.name}
          value={props.value}
          placeholder={props.placeholder}
          required={props.required}
          maxLength={props.maxLength}
          autocomplete={(props.autocomplete ?? 'off') as never}
          autocapitalize={props.verbatim ? 'none' : undefined}
          autocorrect={props.verbatim ? 'off' : undefined}
          spellcheck={props.verbatim ? false : undefined}
          aria-invalid={props.error !== undefined}
          aria-describedby={note ? `${id}-note` : undefined}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
        {props.children}
      </div>
      {note && (
        <p id={`${id}-note`} class="field-note" data-error={props.error !== undefined}>
          {note}
        </p>
      )}
    </div>
  );
}
