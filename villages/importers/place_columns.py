"""What the columns of lists of places are called."""

from __future__ import annotations

import re

# What each field's column is called, in Indonesian and English, as plain() writes it.
NAMES: dict[str, tuple[str, ...]] = {
    "code": (
        "code",
        "kode",
        "kode_desa",
        "kode_kemendagri",
        "kode_wilayah",
        "kdepum",
        "kd_desa",
        "village_code",
    ),
    "village": (
        "village",
        "desa",
        "desa_kelurahan",
        "kelurahan",
        "nama_desa",
        "desa_kel",
        "wadmkd",
        "village_name",
    ),
    "district": (
        "district",
        "kecamatan",
        "kec",
        "nama_kec",
        "nama_kecamatan",
        "wadmkc",
    ),
    "name": (
        "name",
        "nama",
        "namobj",
        "nama_permukiman",
        "permukiman",
        "settlement",
        "nama_rt",
        "rt",
        "dusun",
        "rt_dusun",
        "nama_fasilitas",
        "fasilitas",
        "facility",
        "nama_sekolah",
        "sekolah",
        "nama_site",
        "site",
    ),
    # What an RT is one of: its number may begin anew in each.
    "rw": ("rw", "nama_rw", "rukun_warga"),
    "dusun": ("nama_dusun", "lingkungan"),
    "kind": (
        "kind",
        "jenis",
        "tipe",
        "type",
        "bentuk",
        "jenis_permukiman",
        "jenis_fasilitas",
    ),
    "households": (
        "households",
        "kk",
        "jumlah_kk",
        "jml_kk",
        "kepala_keluarga",
        "rumah_tangga",
    ),
    "people": (
        "people",
        "population",
        "jiwa",
        "penduduk",
        "jumlah_jiwa",
        "jml_jiwa",
        "jumlah_penduduk",
        "jml_penduduk",
    ),
    "pupils": (
        "pupils",
        "siswa",
        "murid",
        "jumlah_siswa",
        "jml_siswa",
        "jumlah_murid",
        "peserta_didik",
    ),
    "patients": (
        "patients",
        "pasien",
        "pasien_setahun",
        "jumlah_pasien",
        "jml_pasien",
        "patients_a_year",
        "kunjungan",
    ),
    "lon": ("lon", "long", "lng", "longitude", "bujur", "x"),
    "lat": ("lat", "latitude", "lintang", "y"),
    "operators": ("operators", "operator", "operator_seluler"),
    "technologies": ("technologies", "technology", "teknologi", "jaringan"),
    "height_m": ("height_m", "height", "tinggi", "tinggi_m", "tinggi_antena_m"),
    "owner": ("owner", "pemilik", "pemilik_menara"),
    "status": ("status", "keadaan", "internet_status", "status_internet"),
    "date": (
        "date",
        "tanggal",
        "tgl",
        "verified_date",
        "tanggal_diperiksa",
        "terakhir_dilihat",
        "stated_date",
    ),
    "note": ("note", "catatan", "keterangan"),
    "power_hours": (
        "power_hours",
        "listrik",
        "jam_listrik",
        "listrik_jam",
        "listrik_jam_sehari",
    ),
    "aliases": ("aliases", "alias", "nama_lain", "other_names"),
    "internet": (
        "internet",
        "internet_kantor",
        "office_internet",
        "internet_kantor_desa",
    ),
}


def plain(heading: str) -> str:
    return re.sub(r"\W+", "_", heading.strip().lower()).strip("_")


def columns_of(headings: list[str], wanted: dict[str, str]) -> dict[int, str]:
    """Return the field of each column; of two for one field, the first name counts.

    A column of dusun beside one of names says which dusun each is in.
    """
    rank = {name: rank for names in NAMES.values() for rank, name in enumerate(names)}
    best: dict[str, int] = {}
    for number, heading in enumerate(headings):
        name = plain(heading)
        field_name = wanted.get(name)
        if field_name is None:
            continue
        known = best.get(field_name)
        if known is None or rank[name] < rank[plain(headings[known])]:
            best[field_name] = number
    if "dusun" in wanted.values() and "dusun" not in best:
        for number, heading in enumerate(headings):
            if plain(heading) == "dusun" and best.get("name") != number:
                best["dusun"] = number
    return {number: name for name, number in best.items()}
