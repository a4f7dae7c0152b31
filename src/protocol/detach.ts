/**
 * The same text, with a memory of its own. A part that is cut out of a longer text keeps all of that alive: what outlives
 * a message (an address, a name in a table) is detached from it first.
 */
export function detach(text: string): string {
  // Strings up to 12 characters are copied anyway. Longer ones: cutting a concatenation writes it out anew.
  return text.length < 13 ? text : ` ${text}`.slice(1);
}
