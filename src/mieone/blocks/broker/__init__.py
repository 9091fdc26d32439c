"""The region's open, non-personal context over NGSI-LD and NGSI v2. Others use only these names."""
