// Pages of different libraries in one call.
import { describeWith } from '../support/peer.ts';
import { sharedTests, stage } from '../support/third-party-suite.ts';

describeWith(['chromium'], 'JsSIP and SIP.js', () => {
  sharedTests(stage(['jssip-phone', 'sipjs-phone']), 'jssip-phone', 'sipjs-phone');
});
