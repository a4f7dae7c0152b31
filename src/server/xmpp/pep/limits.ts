/** Every bound of personal eventing (XEP-0163), with its default. */
export interface PepLimits {
  /** Nodes of one account. */
  nodes: number;
  /** Items that a node may keep, and keeps where its owner asks for as many as can be. */
  items: number;
  /** Of an item's payload, as XML: a picture as base64 among others. */
  itemCharacters: number;
  /** Of the items of one answer: the newest that fit. */
  answerCharacters: number;
  /** Of all items of one account. */
  accountCharacters: number;
  /** Of the name of a node or an item. */
  nameCharacters: number;
  /** Groups of the roster that a node is open to. */
  groups: number;
  /** Kinds of clients whose features are remembered (XEP-0115), and features of one. */
  capabilities: number;
  features: number;
  /** Accounts whose nodes are held in memory. */
  cachedAccounts: number;
}

export const pepLimits: Readonly<PepLimits> = {
  nodes: 200,
  items: 1_000,
  itemCharacters: 256 * 1024,
  answerCharacters: 1024 * 1024,
  accountCharacters: 16 * 1024 * 1024,
  nameCharacters: 1_023,
  groups: 20,
  capabilities: 5_000,
  features: 500,
  cachedAccounts: 20_000,
};
