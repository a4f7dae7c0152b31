// The same matrix with Debian's rtpengine in place of our own relay.
import { launchFirefox } from '../support/firefox.ts';
import { ownAddress, startGateway } from '../support/gateway-stage.ts';
import { matrix } from '../support/gateway-suite.ts';
import { describeWith } from '../support/peer.ts';
import { startRtpengine } from '../support/rtpengine.ts';
import { launchChromium } from './person.ts';

async function withRtpengine() {
  const rtpengine = await startRtpengine({ address: ownAddress() });
  const gateway = await startGateway({ engine: 'rtpengine', url: rtpengine.url });
  const { chappe } = gateway;
  return {
    ...gateway,
    chappe: {
      async stop() {
        await chappe.stop();
        await rtpengine.stop();
      },
    },
  };
}

describeWith(['chromium', 'baresip', 'rtpengine'], 'Chromium and phones by rtpengine', () =>
  matrix(launchChromium, withRtpengine),
);

describeWith(['firefox', 'baresip', 'rtpengine'], 'Firefox and phones by rtpengine', () =>
  matrix(launchFirefox, withRtpengine),
);
