"""The OpenID Provider: FAPI 2.0 Security Profile, with DPoP and private_key_jwt only."""
