// A page in Firefox and baresip, each kind of phone, through the media relay of the server.
import { launchFirefox } from '../support/firefox.ts';
import { startGateway } from '../support/gateway-stage.ts';
import { matrix } from '../support/gateway-suite.ts';
import { describeWith } from '../support/peer.ts';

describeWith(['firefox', 'baresip'], 'Firefox and phones', () => matrix(launchFirefox, startGateway));
