// XEP-0060 section 16.4.4, as far as a personal node has use for it (XEP-0163, XEP-0223).
import { booleanOf, dataForm, type FilledForm } from '../../../protocol/xmpp/data-form.ts';
import type { Element } from '../../../protocol/xmpp/element.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { PepLimits } from './limits.ts';

export const NODE_CONFIG = 'http://jabber.org/protocol/pubsub#node_config';

const ACCESS_MODELS = ['open', 'presence', 'roster', 'whitelist'] as const;
export type AccessModel = (typeof ACCESS_MODELS)[number];
const SEND_LAST = ['never', 'on_sub', 'on_sub_and_presence'] as const;

export interface NodeConfiguration {
  accessModel: AccessModel;
  /** Of the `roster` model: groups; none: everybody who is subscribed to the owner. */
  groups: readonly string[];
  maxItems: number;
  /** False: told to whoever listens, and kept no longer than until the next. */
  persistItems: boolean;
  sendLast: (typeof SEND_LAST)[number];
  notifyRetract: boolean;
  title: string;
}

/** XEP-0163 section 3: for whoever may see the owner's presence, the newest item only. */
const USUAL: NodeConfiguration = {
  accessModel: 'presence',
  groups: [],
  maxItems: 1,
  persistItems: true,
  sendLast: 'on_sub_and_presence',
  notifyRetract: true,
  title: '',
};

/** Nodes that hold what is nobody else's business, even where a client forgets to say so. */
const PRIVATE = new Set(['urn:xmpp:bookmarks:1', 'storage:bookmarks', 'urn:xmpp:mds:displayed:0']);

export function usualConfiguration(node: string, limits: PepLimits): NodeConfiguration {
  return PRIVATE.has(node) ? { ...USUAL, accessModel: 'whitelist', maxItems: limits.items, sendLast: 'never' } : USUAL;
}

/** What the form says, over what was there; fields that are not known here are passed over. */
export function configured(before: NodeConfiguration, form: FilledForm, limits: PepLimits): NodeConfiguration {
  const after = { ...before };
  for (const [field, values] of form.values) {
    const [value = ''] = values;
    switch (field) {
      case 'pubsub#access_model':
        after.accessModel = oneOf(ACCESS_MODELS, value);
        break;
      case 'pubsub#roster_groups_allowed':
        if (values.length > limits.groups) throw new StanzaError('not-acceptable', 'too many groups');
        after.groups = values;
        break;
      case 'pubsub#max_items':
        after.maxItems = maxItems(value, limits);
        break;
      case 'pubsub#persist_items':
        after.persistItems = boolean(values);
        break;
      case 'pubsub#notify_retract':
        after.notifyRetract = boolean(values);
        break;
      case 'pubsub#send_last_published_item':
        after.sendLast = oneOf(SEND_LAST, value);
        break;
      case 'pubsub#title':
        after.title = value.slice(0, limits.nameCharacters);
    }
  }
  return after;
}

/** XEP-0060 section 7.1.5: what is published only where the node is as the publisher expects. */
export function meets(configuration: NodeConfiguration, options: FilledForm, limits: PepLimits): boolean {
  return JSON.stringify(configured(configuration, options, limits)) === JSON.stringify(configuration);
}

export function configurationForm(
  configuration: NodeConfiguration,
  type: 'form' | 'result' = 'form',
  formType = NODE_CONFIG,
): Element {
  const { accessModel, groups, maxItems, persistItems, sendLast, notifyRetract, title } = configuration;
  return dataForm(type, formType, [
    { name: 'pubsub#title', type: 'text-single', value: title },
    {
      ...{ name: 'pubsub#access_model', type: 'list-single', value: accessModel },
      options: ACCESS_MODELS.map((value) => ({ value })),
    },
    { name: 'pubsub#roster_groups_allowed', type: 'text-multi', value: groups },
    { name: 'pubsub#max_items', type: 'text-single', value: String(maxItems) },
    { name: 'pubsub#persist_items', type: 'boolean', value: persistItems },
    {
      ...{ name: 'pubsub#send_last_published_item', type: 'list-single', value: sendLast },
      options: SEND_LAST.map((value) => ({ value })),
    },
    { name: 'pubsub#notify_retract', type: 'boolean', value: notifyRetract },
  ]);
}

function oneOf<T extends string>(values: readonly T[], value: string): T {
  const found = values.find((known) => known === value);
  if (found === undefined) throw new StanzaError('not-acceptable', `one of ${values.join(', ')}`);
  return found;
}

function boolean(values: readonly string[]): boolean {
  const value = booleanOf(values);
  if (value === undefined) throw new StanzaError('not-acceptable', 'neither true nor false');
  return value;
}

function maxItems(value: string, limits: PepLimits): number {
  if (value === 'max') return limits.items;
  const most = /^\d{1,9}$/.test(value) ? Number(value) : 0;
  if (most < 1 || most > limits.items)
    throw new StanzaError('not-acceptable', `a node keeps 1 to ${limits.items} items`);
  return most;
}
