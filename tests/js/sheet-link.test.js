import assert from "node:assert/strict";
import { test } from "node:test";

import { sheetAddress } from "../../static/js/map/sheet-link.js";

test("the sheet's address is the map's query and what the screen shows", () => {
  const address = sheetAddress("/peta.pdf", "?operator=TELKOMSEL&layers=spots,official", [
    116.1234567, -0.5, 116.9, 0.25,
  ]);
  assert.equal(
    address,
    "/peta.pdf?operator=TELKOMSEL&layers=spots,official&bbox=116.12346,-0.50000,116.90000,0.25000",
  );
});

test("an extent that was in the query before is replaced", () => {
  const address = sheetAddress("/peta.pdf", "?bbox=1,2,3,4", [116, -1, 117, 0]);
  assert.equal(address, "/peta.pdf?bbox=116.00000,-1.00000,117.00000,0.00000");
});
