/** Line icons on a 24-unit grid, drawn for this project. They are decoration: the control that shows one has a label. */
const PATHS = {
  phone:
    'M6.5 3.5h3l1.5 4-2 1.6a12 12 0 0 0 5.9 5.900l1.6-2 4 1.500v3a2 2 0 0 1-2.2 2A16.5 16.5 0 0 1 4.5 5.700a2 2 0 0 1 2-2.200Z',
  hangUp: 'M3 13.500c5-4.7 13-4.7 18 0l-.6 2.7-4-1v-2.400a11 11 0 0 0-8.8 0v2.400l-4 1Z',
  video:
    'M4 7.500A1.5 1.5 0 0 1 5.5 6h8A1.5 1.5 0 0 1 15 7.500v9a1.5 1.5 0 0 1-1.5 1.500h-8A1.5 1.5 0 0 1 4 16.500ZM15 11l5-3v8l-5-3',
  videoOff:
    'M10 6h3.500A1.5 1.5 0 0 1 15 7.500V11l5-3v8l-2-1.200M14.8 17a1.5 1.5 0 0 1-1.3 1h-8A1.5 1.5 0 0 1 4 16.500v-9A1.5 1.5 0 0 1 5 6.100M3.5 3.500l17 17',
  mic: 'M12 3.500a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3ZM5.5 11.500a6.5 6.5 0 0 0 13 0M12 18v3',
  micOff:
    'M9 5.800a3 3 0 0 1 6 .7v4.700M14.4 13.400A3 3 0 0 1 9 11.500V9M5.5 11.500a6.5 6.5 0 0 0 10.9 4.800M18.3 13a6.5 6.5 0 0 0 .2-1.500M12 18v3M3.5 3.500l17 17',
  hold: 'M8.5 5.500v13M15.5 5.500v13',
  play: 'M8 5.500v13l10.5-6.500Z',
  keypad:
    'M6 5.500h.01M12 5.500h.01M18 5.500h.01M6 11h.01M12 11h.01M18 11h.01M6 16.500h.01M12 16.500h.01M18 16.500h.01M12 21h.01',
  transfer: 'M4 8h14M14.5 4.5 18 8l-3.5 3.500M20 16H6M9.5 12.5 6 16l3.5 3.5',
  screen: 'M4 5h16v11H4ZM9 20h6M12 16v4M12 13.500V8M9.5 10.3 12 7.800l2.5 2.5',
  chat: 'M4 6.500A1.5 1.5 0 0 1 5.5 5h13A1.5 1.5 0 0 1 20 6.500v8a1.5 1.5 0 0 1-1.5 1.500H10l-4.5 4v-4A1.5 1.5 0 0 1 4 14.500Z',
  send: 'M4.5 12 20 4.5 15.5 20l-3.5-6.500ZM12 13.5 20 4.5',
  attach:
    'M19.5 11.500 12 19a5 5 0 0 1-7-7l7.5-7.500a3.4 3.4 0 0 1 4.8 4.800L10 16.500a1.7 1.700 0 0 1-2.400-2.400L14 7.700',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  close: 'M6 6l12 12M18 6 6 18',
  signOut: 'M14 4.500H6.500A1.5 1.5 0 0 0 5 6v12a1.5 1.5 0 0 0 1.5 1.500H14M10.5 12H20M16.5 8.5 20 12l-3.5 3.5',
  check: 'M5 12.500 10 17.500 19.5 7',
  warning: 'M12 4.500 20.5 19h-17ZM12 10.500v4M12 16.700h.01',
  pulse: 'M3 12.500h4l2.5-6.500 5 12 2.500-5.500h4',
  swap: 'M7 4.500v15M3.5 16 7 19.500l3.5-3.500M17 19.500v-15M13.5 8 17 4.5 20.5 8',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  const width = name === 'keypad' ? 3 : 1.8;
  return (
    <svg
      class="icon"
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      stroke-width={width}
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
