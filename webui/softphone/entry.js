// JsSIP as one ES module: its npm package ships CommonJS sources only.
import JsSIP from 'jssip';

export const { UA, WebSocketInterface, debug, version } = JsSIP;
