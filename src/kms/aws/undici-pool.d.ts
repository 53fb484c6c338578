/** The package's main file loads its fetch, caches and WebSockets too: 13 MiB that nothing here uses. */
declare module 'undici/lib/dispatcher/pool.js' {
  import { Pool } from 'undici';
  export = Pool;
}
