import type { FastifyInstance } from 'fastify';
import type { Accounts } from '../accounts/accounts.ts';
import type { Access } from './access.ts';

const MAX_CONTACTS = 1_000;

export interface ContactRoutes {
  access: Access;
  accounts: Accounts;
  isRegistered: (name: string) => boolean;
}

/** `GET /api/contacts`: the accounts of this server and who of them is registered, for whoever is signed in. */
export function contactRoutes(app: FastifyInstance, { access, accounts, isRegistered }: ContactRoutes): void {
  app.get('/api/contacts', async (request) => {
    access.signedIn(request);
    const contacts = accounts
      .list()
      .slice(0, MAX_CONTACTS)
      .map(({ name }) => ({ name, registered: isRegistered(name) }));
    return { contacts };
  });
}
