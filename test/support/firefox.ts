// Firefox over WebDriver BiDi, with fake devices that ask nobody.
import puppeteer, { type Browser } from 'puppeteer-core';
import { peerPath } from './peer.ts';

/** `profile`: a folder that it begins with; else an empty one. `preferences`: further ones of about:config. */
export function launchFirefox({
  profile,
  preferences = {},
}: {
  profile?: string;
  preferences?: Record<string, unknown>;
} = {}): Promise<Browser> {
  return puppeteer.launch({
    browser: 'firefox',
    protocol: 'webDriverBiDi',
    executablePath: peerPath('firefox'),
    headless: true,
    ...(profile !== undefined && { userDataDir: profile }),
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      // Its candidates are otherwise names that only its own resolver knows (mDNS).
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      'media.peerconnection.ice.loopback': true,
      // Nothing is fetched from anywhere.
      'app.update.enabled': false,
      'media.gmp-manager.updateEnabled': false,
      ...preferences,
    },
  });
}
