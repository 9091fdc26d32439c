// `ngsijs` as it comes from npm, over NGSI v2 and NGSI-LD. It is an outside program here (AGPL with a
// linking exception): fetched for this test alone, no part of what we ship.
// usage: node ngsijs.mjs http://127.0.0.1:PORT
import { createRequire } from 'node:module';
import { deepStrictEqual as same, ok, rejects } from 'node:assert';

const NGSI = createRequire(import.meta.url)('ngsijs');
const url = process.argv[2];
const connection = new NGSI.Connection(url);
const { v2, ld } = connection;
const at = { service: '244414', servicepath: '/test/ngsijs' };
const room = {
  id: 'Room1',
  type: 'Room',
  temperature: { type: 'Number', value: 21.5, metadata: { unitCode: { type: 'Text', value: 'CEL' } } },
  place: { type: 'geo:point', value: '34.5, 136.5', metadata: {} },
};

// --- entities and attributes of v2
const made = await v2.createEntity(room, at);
ok(made.correlator, 'correlator');
same(made.location, '/v2/entities/Room1?type=Room');
await rejects(v2.createEntity(room, at), NGSI.AlreadyExistsError);
await v2.createEntity({ id: 'Room2', type: 'Room', temperature: 25 }, { ...at, keyValues: true });
await v2.createEntity({ id: 'Room2', type: 'Room', light: { value: 5 } }, { ...at, upsert: true });

same((await v2.getEntity({ id: 'Room1', ...at })).entity, room);
same((await v2.getEntity({ id: 'Room2', keyValues: true, ...at })).entity, {
  id: 'Room2', type: 'Room', temperature: 25, light: 5,
});
await rejects(v2.getEntity({ id: 'Nobody', ...at }), NGSI.NotFoundError);
await v2.createEntity({ id: 'Room2', type: 'Other' }, at);
await rejects(v2.getEntity({ id: 'Room2', ...at }), NGSI.TooManyResultsError);
await v2.deleteEntity({ id: 'Room2', type: 'Other', ...at });

const listed = await v2.listEntities({ type: 'Room', q: 'temperature>22', count: true, keyValues: true, ...at });
same(listed.results.map((one) => one.id), ['Room2']);
same(listed.count, 1);
same((await v2.listEntities({ limit: 1, offset: 1, orderBy: '!temperature', ...at })).results[0].id, 'Room1');
same((await v2.listEntities({ georel: 'near;maxDistance:10', geometry: 'point', coords: '34.5,136.5', ...at }))
  .results.map((one) => one.id), ['Room1']);

same(Object.keys((await v2.getEntityAttributes({ id: 'Room1', ...at })).attributes), ['temperature', 'place']);
await v2.appendEntityAttributes({ id: 'Room1', humidity: { value: 70 } }, at);
await rejects(v2.appendEntityAttributes({ id: 'Room1', humidity: { value: 1 } }, { ...at, strict: true }));
await v2.updateEntityAttributes({ id: 'Room1', humidity: { value: 71 } }, at);
same((await v2.getEntityAttribute({ id: 'Room1', attribute: 'humidity', ...at })).attribute.value, 71);
await v2.replaceEntityAttribute({ value: 72, metadata: { a: { value: 1, type: 'Own' } } }, { id: 'Room1', attribute: 'humidity', ...at });
same((await v2.getEntityAttribute({ id: 'Room1', attribute: 'humidity', ...at })).attribute, {
  type: 'Number', value: 72, metadata: { a: { type: 'Own', value: 1 } },
});
same((await v2.getEntityAttributeValue({ id: 'Room1', attribute: 'humidity', ...at })).value, 72);
// A number as application/json: v2 takes it as text/plain only, and this client does not know.
await rejects(
  v2.replaceEntityAttributeValue({ id: 'Room1', attribute: 'humidity', value: 73, ...at }),
  NGSI.BadRequestError,
);
await v2.replaceEntityAttributeValue({ id: 'Room1', attribute: 'humidity', value: { a: [1] }, ...at });
same((await v2.getEntityAttributeValue({ id: 'Room1', attribute: 'humidity', ...at })).value, { a: [1] });
await v2.deleteEntityAttribute({ id: 'Room1', attribute: 'humidity', ...at });
await rejects(v2.getEntityAttribute({ id: 'Room1', attribute: 'humidity', ...at }), NGSI.NotFoundError);
await v2.replaceEntityAttributes({ id: 'Room1', only: { value: 'x' } }, at);
same((await v2.getEntity({ id: 'Room1', keyValues: true, ...at })).entity, { id: 'Room1', type: 'Room', only: 'x' });
await rejects(v2.createEntity({ id: 'bad id' }, at), NGSI.BadRequestError);

// --- batches and types
await v2.batchUpdate({ actionType: 'append', entities: [{ id: 'Car1', type: 'Car', speed: { value: 5 } }] }, at);
same((await v2.batchQuery({ entities: [{ idPattern: '^C', type: 'Car' }], attrs: ['speed'] }, { ...at, keyValues: true }))
  .results, [{ id: 'Car1', type: 'Car', speed: 5 }]);
same((await v2.listTypes({ ...at, values: true })).results, ['Car', 'Room']);
same((await v2.getType({ id: 'Car', ...at })).type.attrs, { speed: { types: ['Number'] } });

// --- subscriptions and registrations
const subscription = {
  description: 'from ngsijs',
  subject: { entities: [{ idPattern: '.*', type: 'Room' }], condition: { attrs: ['temperature'] } },
  notification: { http: { url: 'http://127.0.0.1:9/notify' }, attrs: ['temperature'] },
  expires: '2040-01-01T00:00:00.000Z',
  throttling: 5,
};
const { subscription: held } = await v2.createSubscription(subscription, at);
ok(held.id, 'subscription id');
await v2.updateSubscription({ id: held.id, status: 'inactive' }, at);
const got = await v2.getSubscription({ id: held.id, ...at });
same(got.subscription.status, 'inactive');
same((await v2.listSubscriptions({ count: true, ...at })).count, 1);
await v2.deleteSubscription({ id: held.id, ...at });
await rejects(v2.getSubscription({ id: held.id, ...at }), NGSI.NotFoundError);

const registration = {
  description: 'from ngsijs',
  dataProvided: { entities: [{ id: 'Room9', type: 'Room' }], attrs: ['humidity'] },
  provider: { http: { url: 'http://127.0.0.1:9' }, supportedForwardingMode: 'all' },
};
const { registration: source } = await v2.createRegistration(registration, at);
same((await v2.getRegistration({ id: source.id, ...at })).registration.description, 'from ngsijs');
same((await v2.listRegistrations({ count: true, ...at })).count, 1);
await v2.deleteRegistration({ id: source.id, ...at });
await v2.deleteEntity({ id: 'Room1', ...at });

// --- the same store through NGSI-LD
const tenant = { tenant: '244414' };
const spot = { id: 'urn:ngsi-ld:Spot:1', type: 'Spot', people: { type: 'Property', value: 1 } };
await ld.createEntity(spot, tenant);
await rejects(ld.createEntity(spot, tenant), NGSI.AlreadyExistsError);
same((await ld.getEntity({ id: spot.id, keyValues: true, ...tenant })).entity.people, 1);
await ld.updateEntityAttributes({ id: spot.id, people: { type: 'Property', value: 2 } }, tenant);
await ld.appendEntityAttributes({ id: spot.id, open: { type: 'Property', value: true } }, tenant);
same((await ld.queryEntities({ type: 'Spot', q: 'people>1', keyValues: true, ...tenant })).results[0].open, true);
same((await v2.getEntity({ id: spot.id, keyValues: true, service: '244414' })).entity, {
  id: spot.id, type: 'Spot', people: 2, open: true,
});
await ld.deleteEntityAttribute({ id: spot.id, attribute: 'open', ...tenant });
ok((await ld.listTypes(tenant)).results, 'types');
await ld.deleteEntity({ id: spot.id, ...tenant });
await rejects(ld.getEntity({ id: spot.id, ...tenant }), NGSI.NotFoundError);
ok((await connection.getServerDetails()).details, 'version');
console.log('ok');
