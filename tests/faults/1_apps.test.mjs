// App servers die, are renewed, come and go, and Nginx is reloaded: no request fails.
import { apps } from '../../drill/faults/apps.mjs';
import { cache } from '../../drill/faults/cache.mjs';
import { testShortly } from './short.mjs';

await testShortly([...apps, ...cache]);
