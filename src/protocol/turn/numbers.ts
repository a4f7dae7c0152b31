/** Methods of TURN (RFC 8656 section 17). */
export const ALLOCATE = 0x003;
export const REFRESH = 0x004;
export const SEND = 0x006;
export const DATA_METHOD = 0x007;
export const CREATE_PERMISSION = 0x008;
export const CHANNEL_BIND = 0x009;

/** Attributes of TURN (RFC 8656 section 18). */
export const CHANNEL_NUMBER = 0x000c;
export const LIFETIME = 0x000d;
export const XOR_PEER_ADDRESS = 0x0012;
export const DATA = 0x0013;
export const XOR_RELAYED_ADDRESS = 0x0016;
export const REQUESTED_ADDRESS_FAMILY = 0x0017;
export const EVEN_PORT = 0x0018;
export const REQUESTED_TRANSPORT = 0x0019;
export const DONT_FRAGMENT = 0x001a;
export const RESERVATION_TOKEN = 0x0022;
export const ADDITIONAL_ADDRESS_FAMILY = 0x8000;
/** COMPAT: coturn 4.6 and its client use the number of a draft (draft-martinsen-tram-ssoda). */
export const ADDITIONAL_ADDRESS_FAMILY_OF_COTURN = 0x8032;
export const ADDRESS_ERROR_CODE = 0x8001;

/** Attributes of the long-term credential mechanism (RFC 8489 section 18.3). */
export const REALM = 0x0014;
export const NONCE = 0x0015;
export const PASSWORD_ALGORITHM = 0x001d;
export const USERHASH = 0x001e;
export const PASSWORD_ALGORITHMS = 0x8002;

/** IANA's protocol number in REQUESTED-TRANSPORT. */
export const UDP_PROTOCOL = 17;
