// The warm upgrade of a bridge that an update has changed. Apart, because the daemon needs it once in a long while.
import { chooseSocketDir } from '../bridge/options.js';
import { requestUpgrade } from '../bridge/request-upgrade.js';

export const upgradeBridge = (name: string): Promise<void> => requestUpgrade(chooseSocketDir(undefined, process.env), name);
