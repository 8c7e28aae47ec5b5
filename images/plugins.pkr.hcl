# The builder of all templates is a plugin since Packer 1.7: `packer init plugins.pkr.hcl` fetches it once. Packer 1.6 has
# it inside and does not know this block, so it is a file of its own.
packer {
  required_plugins {
    qemu = {
      source  = "github.com/hashicorp/qemu"
      version = "~> 1"
    }
  }
}
