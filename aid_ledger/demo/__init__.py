"""The demonstration: Kabupaten Bekasi's JPS BERANI played through the same services officers use, with no back door."""
