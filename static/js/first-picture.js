// An address that names a place, as #9/0.41/116.9, does not begin with the whole regency.
if (window.location.hash) document.getElementById("first-picture").remove();
