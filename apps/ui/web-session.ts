/** Signs in at this server: a cookie is set. Why it failed, for the person; undefined when it worked. */
export async function openWebSession(name: string, password: string): Promise<string | undefined> {
  try {
    const response = await fetch('/api/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name, password }),
    });
    if (response.status === 429) return 'Too many attempts. Wait a minute and try again.';
    if (response.status === 401 || response.status === 403 || response.status === 400)
      return 'Name and password do not match.';
    return response.ok ? undefined : `The server could not sign you in (${response.status}).`;
  } catch {
    return 'The server cannot be reached.';
  }
}
