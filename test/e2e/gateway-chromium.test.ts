// A page in Chromium and baresip, each kind of phone, through the media relay of the server.
import { startGateway } from '../support/gateway-stage.ts';
import { MATRIX, matrix } from '../support/gateway-suite.ts';
import { describeWith } from '../support/peer.ts';
import { launchChromium } from './person.ts';

describeWith(['chromium', 'baresip'], 'Chromium and phones', () => matrix(launchChromium, startGateway));

// The libraries that pages have used for ten years know nothing of this server.
const each = [MATRIX[0]!, MATRIX[3]!];
describeWith(['chromium', 'baresip'], 'JsSIP and phones', () =>
  matrix(launchChromium, startGateway, each, 'jssip-phone'),
);
describeWith(['chromium', 'baresip'], 'SIP.js and phones', () =>
  matrix(launchChromium, startGateway, each, 'sipjs-phone'),
);
