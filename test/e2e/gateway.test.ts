// Chromium and baresip in one call through the embedded media engine, each way a phone has with its media.
import { startGateway } from '../support/gateway-stage.ts';
import { matrix } from '../support/gateway-suite.ts';
import { describeWith } from '../support/peer.ts';
import { launchChromium } from './person.ts';

describeWith(['chromium', 'baresip'], 'Chromium and baresip', () => {
  matrix(launchChromium, () => startGateway());
});
