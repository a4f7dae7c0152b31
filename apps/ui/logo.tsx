/** Chappe's optical telegraph: a mast, the regulator, and the two indicators that spelled the signal. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg class="logo" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="#3454d1" />
      <g fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round">
        <path d="M16 13v13" />
        <path d="M9 16.5 23 9.5" />
        <path d="M9 16.5V10" />
        <path d="M23 9.5 27 6" />
      </g>
    </svg>
  );
}
