/**
 * A state machine as a table: for each state, for each input it reacts to, the next state and the actions that lead
 * there, in order. An input without a row is absorbed. tools/diagrams.ts draws docs/transactions.md from these tables.
 */
export type Transitions<State extends string, Input extends string, Action extends string> = {
  readonly [S in State]: { readonly [I in Input]?: readonly [next: State, ...actions: Action[]] };
};
