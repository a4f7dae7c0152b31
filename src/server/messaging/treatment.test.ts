import { describe, expect, it } from 'vitest';
import { parseElement } from '../../protocol/xmpp/tokenizer.ts';
import { treatmentOf } from './treatment.ts';

/** A, C, O: archived, carboned, waits. */
function kept(inside: string, type = "type='chat'"): string {
  const { archive, carbons, offline } = treatmentOf(
    parseElement(`<message xmlns='jabber:client' ${type}>${inside}</message>`),
  );
  return `${archive ? 'A' : '-'}${carbons ? 'C' : '-'}${offline ? 'O' : '-'}`;
}

describe('what becomes of a message', () => {
  it.each([
    ['a text', '<body>hello</body>', 'ACO'],
    ['a text with a receipt request', `<body>hello</body><request xmlns='urn:xmpp:receipts'/>`, 'ACO'],
    ['typing (XEP-0085)', `<composing xmlns='http://jabber.org/protocol/chatstates'/>`, '-C-'],
    ['a text that ends typing', `<body>hello</body><active xmlns='http://jabber.org/protocol/chatstates'/>`, 'ACO'],
    ['a receipt (XEP-0184)', `<received xmlns='urn:xmpp:receipts' id='1'/>`, 'ACO'],
    ['a displayed marker (XEP-0333)', `<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>`, 'ACO'],
    ['a correction (XEP-0308)', `<body>x</body><replace xmlns='urn:xmpp:message-correct:0' id='1'/>`, 'ACO'],
    ['a retraction (XEP-0424)', `<retract xmlns='urn:xmpp:message-retract:1' id='1'/>`, 'ACO'],
    [
      'a reaction (XEP-0444)',
      `<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>x</reaction></reactions>`,
      'ACO',
    ],
    ['a reply (XEP-0461)', `<body>x</body><reply xmlns='urn:xmpp:reply:0' id='1'/>`, 'ACO'],
    ['a call (XEP-0353)', `<propose xmlns='urn:xmpp:jingle-message:0' id='1'/>`, 'AC-'],
    ['a phone that rings (XEP-0353)', `<ringing xmlns='urn:xmpp:jingle-message:0' id='1'/>`, '-C-'],
    ['what is encrypted (XEP-0384)', `<encrypted xmlns='eu.siacs.conversations.axolotl'/>`, 'ACO'],
    ['an invitation (XEP-0249)', `<x xmlns='jabber:x:conference' jid='r@rooms.example.test'/>`, 'ACO'],
    ['what nobody knows', `<thing xmlns='urn:thing'/>`, '-CO'],
    ['no-store (XEP-0334)', `<body>x</body><no-store xmlns='urn:xmpp:hints'/>`, '-C-'],
    ['no-permanent-store', `<body>x</body><no-permanent-store xmlns='urn:xmpp:hints'/>`, '-CO'],
    ['no-copy', `<body>x</body><no-copy xmlns='urn:xmpp:hints'/>`, 'A-O'],
    ['store', `<thing xmlns='urn:thing'/><store xmlns='urn:xmpp:hints'/>`, 'ACO'],
    ['private (XEP-0280)', `<body>x</body><private xmlns='urn:xmpp:carbons:2'/>`, 'A-O'],
    ['nothing', '', '-C-'],
  ])('%s', (_, inside, expected) => {
    expect(kept(inside)).toBe(expected);
  });

  it.each([
    ['a text without a type', '<body>x</body>', '', 'ACO'],
    ['a text of a type that nobody knows', '<body>x</body>', `type='thing'`, 'ACO'],
    ['a receipt without a type', `<received xmlns='urn:xmpp:receipts' id='1'/>`, '', 'ACO'],
    ['a subject alone', '<subject>x</subject>', '', '--O'],
    ['news of a node (XEP-0060)', `<event xmlns='http://jabber.org/protocol/pubsub#event'/>`, '', '---'],
    ['a room', '<body>x</body>', `type='groupchat'`, '---'],
    ['a headline', '<body>x</body>', `type='headline'`, '---'],
    ['an error', '<body>x</body>', `type='error'`, '---'],
    [
      'a private message of a room',
      `<body>x</body><x xmlns='http://jabber.org/protocol/muc#user'/>`,
      `type='chat'`,
      'A-O',
    ],
    [
      'an invitation by a room',
      `<x xmlns='http://jabber.org/protocol/muc#user'><invite from='bob@example.test'/></x>`,
      '',
      'ACO',
    ],
  ])('%s', (_, inside, type, expected) => {
    expect(kept(inside, type)).toBe(expected);
  });
});
