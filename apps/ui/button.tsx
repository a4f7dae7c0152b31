import type { ComponentChildren, Ref } from 'preact';
import './button.css';
import { Icon, type IconName } from './icon.tsx';

export interface ButtonProps {
  /** What it does. Shown, unless `iconOnly`; always its accessible name. */
  label: string;
  icon?: IconName;
  iconOnly?: boolean;
  kind?: 'plain' | 'primary' | 'good' | 'bad' | 'quiet';
  type?: 'button' | 'submit';
  disabled?: boolean;
  /** For toggles: whether it is on now. */
  pressed?: boolean;
  /** As aria-keyshortcuts wants it: `M`, `Shift+E`. */
  shortcut?: string;
  onPress?: () => void;
  buttonRef?: Ref<HTMLButtonElement>;
  class?: string;
  children?: ComponentChildren;
}

export function Button(props: ButtonProps) {
  const { label, icon, iconOnly = false, kind = 'plain' } = props;
  return (
    <button
      ref={props.buttonRef ?? null}
      type={props.type ?? 'button'}
      class={`button button-${kind} ${iconOnly ? 'button-icon' : ''} ${props.class ?? ''}`}
      disabled={props.disabled}
      aria-pressed={props.pressed}
      aria-label={iconOnly ? label : undefined}
      aria-keyshortcuts={props.shortcut}
      title={iconOnly || props.shortcut ? hint(label, props.shortcut) : undefined}
      onClick={props.onPress}
    >
      {icon && <Icon name={icon} />}
      {!iconOnly && <span>{label}</span>}
      {props.children}
    </button>
  );
}

/** A control of a call: a round face with its name under it. */
export function ControlButton(props: ButtonProps & { icon: IconName }) {
  return (
    <button
      ref={props.buttonRef ?? null}
      type="button"
      class={`control control-${props.kind ?? 'plain'} ${props.class ?? ''}`}
      disabled={props.disabled}
      aria-pressed={props.pressed}
      aria-keyshortcuts={props.shortcut}
      title={hint(props.label, props.shortcut)}
      onClick={props.onPress}
    >
      <span class="control-face">
        <Icon name={props.icon} size={22} />
      </span>
      <span class="control-name">{props.label}</span>
      {props.children}
    </button>
  );
}

function hint(label: string, shortcut: string | undefined): string {
  return shortcut ? `${label} (${shortcut})` : label;
}
