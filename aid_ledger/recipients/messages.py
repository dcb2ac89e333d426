"""Every code an import can answer with: one Indonesian sentence and one remedy each.

The report and the pages both speak from this table, so an official reads the same words in Excel and on screen.
Sentences are plain ASCII (a CSV of them opens alike everywhere) and never hold a person's value; `{n}` is a number
and other names in braces are facts of the refusal. What is refused is decided in `rules.py` and `importing/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Message:
    """What went wrong and what to do about it; a warning lets the row pass."""

    sentence: str
    remedy: str
    is_warning: bool = False

    @property
    def text(self) -> str:
        """Join sentence and remedy as the report prints them."""
        return ("Peringatan: " if self.is_warning else "") + f"{self.sentence} {self.remedy}"


AS_TEXT = "Ubah format kolom menjadi Teks sebelum mengetik, lalu ketik ulang angkanya dari dokumen asli."

_FILES = {
    "file.empty": Message("Berkas ini kosong.", "Unggah berkas yang berisi baris judul dan data."),
    "file.no_rows": Message("Berkas ini hanya berisi baris judul.", "Isi sedikitnya satu penerima di bawah judul."),
    "file.too_large": Message(
        "Ukuran berkas {megabytes} MB, melebihi batas {limit} MB.",
        "Bagi daftar menjadi beberapa berkas, per kecamatan.",
    ),
    "file.too_many_rows": Message(
        "Berkas berisi lebih dari {limit} baris.", "Bagi daftar menjadi beberapa berkas, per kecamatan."
    ),
    "file.too_many_columns": Message(
        "Berkas berisi lebih dari {limit} kolom.", "Hapus kolom di luar templat, termasuk kolom kosong di kanan."
    ),
    "file.cell_too_long": Message(
        "Baris {row}, kolom {column} berisi lebih dari {limit} karakter.",
        "Periksa tanda kutip yang tidak ditutup di baris itu atau sebelumnya.",
    ),
    "file.encoding": Message(
        "Berkas CSV ini tersimpan sebagai {found}, bukan UTF-8.",
        'Di Excel pilih Simpan Sebagai, jenis "CSV UTF-8 (dipisahkan koma)", atau unggah XLSX.',
    ),
    "file.kind": Message(
        "Berkas ini bukan CSV dan bukan XLSX.",
        "Buka di Excel, lalu simpan sebagai XLSX atau CSV UTF-8 tanpa kata sandi.",
    ),
    "file.csv_broken": Message(
        "Susunan CSV rusak di sekitar baris {row}: jumlah kolom atau tanda kutipnya tidak cocok dengan judul.",
        "Perbaiki baris itu, atau buka di Excel dan simpan ulang.",
    ),
    "file.archive": Message(
        "Isi XLSX ini tidak wajar ({reason}) sehingga tidak dibuka.",
        "Salin isinya ke buku kerja baru, simpan sebagai XLSX, lalu unggah lagi.",
    ),
    "file.sheet_hidden": Message(
        "Lembar pertama buku kerja ini disembunyikan.", "Tampilkan lembar itu, atau pindahkan daftar ke lembar pertama."
    ),
    "file.unreadable": Message(
        "Berkas tidak dapat dibaca sampai selesai dalam batas yang diizinkan.",
        "Simpan ulang sebagai XLSX atau CSV UTF-8; bila besar, bagi menjadi beberapa berkas.",
    ),
    "columns.no_header": Message(
        "Baris judul tidak ditemukan: tidak satu pun nama kolom dikenal.",
        "Salin baris judul dari templat ke baris pertama.",
    ),
    "columns.unknown": Message(
        "Kolom ini tidak dikenal: {names}.", "Hapus kolom itu atau samakan namanya dengan templat."
    ),
    "columns.missing": Message("Kolom wajib tidak ada: {names}.", "Tambahkan kolom itu dan isi untuk setiap penerima."),
    "columns.duplicate": Message(
        "Judul kolom muncul lebih dari sekali: {names}.", "Sisakan satu kolom untuk tiap judul."
    ),
    "columns.unnamed": Message(
        "Kolom ke-{position} berisi data tetapi tidak berjudul.", "Beri judul dari templat, atau kosongkan kolom itu."
    ),
}

_PERSON = {
    "teks.karakter_kendali": Message("Sel berisi karakter tersembunyi.", "Ketik ulang isi sel ini, jangan ditempel."),
    "nik.kosong": Message("NIK kosong.", "Isi 16 angka NIK dari KTP atau KK."),
    "nik.angka_excel": Message("NIK tersimpan sebagai bilangan sehingga angkanya dapat hilang.", AS_TEXT),
    "nik.format": Message(
        "NIK harus tepat 16 angka, tanpa huruf; di sini {n} karakter.",
        "Cocokkan dengan KTP, tanpa spasi dan titik.",
    ),
    "nik.tanggal": Message(
        "Tanggal lahir di dalam NIK tidak ada di kalender.", "Cocokkan angka ke-7 sampai ke-12 dengan KTP."
    ),
    "nik.seri_uji": Message(
        "NIK berakhiran 0000 tidak pernah diterbitkan.", "Pakai NIK asli; akhiran 0000 hanya untuk latihan."
    ),
    "nik.ganda": Message("NIK ini sudah ada di baris {n}.", "Hapus salah satu baris, atau perbaiki NIK yang keliru."),
    "nik.wilayah_tidak_dikenal": Message(
        "Kode wilayah di awal NIK tidak dikenal.", "Cocokkan enam angka pertama dengan KTP.", is_warning=True
    ),
    "no_kk.angka_excel": Message("Nomor KK tersimpan sebagai bilangan sehingga angkanya dapat hilang.", AS_TEXT),
    "no_kk.format": Message(
        "Nomor KK harus tepat 16 angka, tanpa huruf; di sini {n} karakter.",
        "Cocokkan dengan Kartu Keluarga, atau kosongkan.",
    ),
    "nik.tercatat_meninggal": Message(
        "NIK ini tercatat meninggal.", "Cocokkan dengan akta kematian; orang ini tidak diberi bantuan.", is_warning=True
    ),
    "no_kk.beda_desa": Message(
        "Nomor KK ini tercatat di desa lain.", "Cocokkan desa pada Kartu Keluarga; satu KK satu rumah.", is_warning=True
    ),
    "nama.kosong": Message("Nama kosong.", "Isi nama sesuai KTP."),
    "nama.pendek": Message("Nama harus memuat sedikitnya dua huruf.", "Isi nama lengkap sesuai KTP."),
    "nama.panjang": Message("Nama lebih dari 100 karakter.", "Isi nama saja, sesuai KTP."),
    "nama.karakter_tidak_lazim": Message(
        "Nama memuat angka atau tanda yang tidak lazim.", "Cocokkan dengan KTP.", is_warning=True
    ),
    "tanggal_lahir.format": Message("Bentuk tanggal lahir tidak dikenal.", "Tulis seperti 1980-12-31 atau 31-12-1980."),
    "tanggal_lahir.tidak_ada": Message("Tanggal lahir ini tidak ada di kalender.", "Cocokkan dengan KTP."),
    "tanggal_lahir.terlalu_lama": Message("Tanggal lahir sebelum tahun 1900.", "Cocokkan tahun lahir dengan KTP."),
    "tanggal_lahir.masa_depan": Message("Tanggal lahir setelah hari ini.", "Cocokkan tahun lahir dengan KTP."),
    "tanggal_lahir.beda_nik": Message(
        "Tanggal lahir berbeda dengan yang tersirat di NIK.", "Cocokkan keduanya dengan KTP.", is_warning=True
    ),
    "jenis_kelamin.pilihan": Message("Jenis kelamin tidak dikenal.", "Isi L untuk laki-laki atau P untuk perempuan."),
    "jenis_kelamin.beda_nik": Message(
        "Jenis kelamin berbeda dengan yang tersirat di NIK.", "Cocokkan keduanya dengan KTP.", is_warning=True
    ),
}

_PLACE_AND_PURSE = {
    "alamat.panjang": Message(
        "Alamat lebih dari 200 karakter.", "Ringkas alamat; RT, RW dan desa punya kolom sendiri."
    ),
    "rt.format": Message("RT harus satu sampai tiga angka.", "Tulis seperti 003."),
    "rw.format": Message("RW harus satu sampai tiga angka.", "Tulis seperti 012."),
    "kode_desa.kosong": Message("Kode desa kosong.", "Isi kode Kemendagri, seperti 32.16.01.2001."),
    "kode_desa.format": Message("Bentuk kode desa tidak dikenal.", "Tulis kode Kemendagri seperti 32.16.01.2001."),
    "kode_desa.tidak_dikenal": Message(
        "Kode desa tidak terdaftar di wilayah kerja ini.", "Cocokkan dengan daftar kode desa pada templat."
    ),
    "no_hp.angka_excel": Message("Nomor HP tersimpan sebagai bilangan sehingga angka nol di depan hilang.", AS_TEXT),
    "no_hp.format": Message("Nomor HP tidak dikenal.", "Tulis nomor seluler seperti 081234567890, atau kosongkan."),
    "pekerjaan.panjang": Message("Pekerjaan lebih dari 60 karakter.", "Tulis pekerjaan sesuai KTP."),
    "sumber_data.pilihan": Message("Sumber data tidak dikenal.", "Isi DTKS, DTSEN, atau NON_DTKS."),
    "id_dtks.angka_excel": Message("ID DTKS tersimpan sebagai bilangan sehingga angkanya dapat hilang.", AS_TEXT),
    "id_dtks.panjang": Message("ID DTKS lebih dari 30 karakter.", "Cocokkan dengan data DTKS, atau kosongkan."),
    "bank.format": Message("Kode bank harus tiga angka.", "Tulis seperti 008, dengan format sel Teks."),
    "no_rekening.angka_excel": Message(
        "Nomor rekening tersimpan sebagai bilangan sehingga angkanya dapat hilang.", AS_TEXT
    ),
    "no_rekening.format": Message("Nomor rekening harus 5 sampai 20 angka.", "Cocokkan dengan buku tabungan."),
    "rekening.tidak_lengkap": Message(
        "Kode bank dan nomor rekening harus diisi bersama.", "Lengkapi keduanya, atau kosongkan keduanya."
    ),
    "nama_rekening.panjang": Message("Nama rekening lebih dari 100 karakter.", "Tulis nama seperti di buku tabungan."),
}

MESSAGES: Mapping[str, Message] = MappingProxyType({**_FILES, **_PERSON, **_PLACE_AND_PURSE})
"""All codes; `tests/unit/recipients/test_messages.py` holds it complete and without leftovers."""
