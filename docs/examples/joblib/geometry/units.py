UNIT = "km"
